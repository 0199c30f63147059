"""
testing_api.py - the gateway's HTTP API, as the test gateway answers it

SPDX-License-Identifier: ISC
"""
import json

from . import values
from ._compat import to_bytes
from .testing_effects import Apply, ProtocolError, merge


class Api(object):
    def __init__(self, gateway):
        self.gateway = gateway

    def serve(self, path, _headers, body, **_options):
        body = json.loads(body.decode("utf-8"))
        try:
            answer = getattr(self, "verb_" + path.rsplit("/", 1)[1])(body)
            return 200, to_bytes(json.dumps(answer))
        except ProtocolError as error:
            return 400, to_bytes(json.dumps({"error": "bad-request", "text": str(error)}))

    def who(self, body, member="who"):
        return self.gateway.select(body.get(member, "*"), body["nsp"])

    def verb_emit(self, body):
        meant = self.who(body, "to")
        args = values.restore(body["args"], body.get("attachments", []))
        for one in meant:
            one.hear(body["event"], args)
        return {"seq": next(self.gateway.numbers), "sockets": len(meant)}

    def verb_call(self, body):
        meant, answers, attachments = self.who(body, "to"), [], []
        args = values.restore(body["args"], body.get("attachments", []))
        for one in meant:
            answer = one.hear(body["event"], args, body)
            if answer is not None:
                attachments.append([])
                answers.append(values.extract(answer, attachments[-1]))
        return {"seq": next(self.gateway.numbers), "sockets": len(meant), "answers": answers,
                "expected": len(meant), "timeout": len(answers) < len(meant),
                "attachments": attachments}

    def verb_query(self, body):
        after, limit = body.get("after") or 0, body.get("limit", 1000)
        meant = self.who(body)
        page = [dict(one.describe(), **({"session": one.session} if body.get("session") else {}))
                for one in meant[after:after + limit]]
        more = after + limit < len(meant)
        return {"sockets": page, "next": after + limit if more else None}

    def verb_count(self, body):
        return {"sockets": len(self.who(body))}

    def verb_rooms(self, body):
        count = {}
        for one in self.gateway.select("*", body["nsp"]):
            for room in one.rooms:
                count[room] = count.get(room, 0) + 1
        return {"rooms": [{"room": room, "members": n} for room, n in sorted(count.items())],
                "next": None}

    def verb_join(self, body):
        meant = self.who(body)
        for one in meant:
            if body["room"] not in one.rooms:
                one.rooms.append(body["room"])
        return {"sockets": len(meant)}

    def verb_leave(self, body):
        meant = self.who(body)
        for one in meant:
            if body["room"] in one.rooms:
                one.rooms.remove(body["room"])
        return {"sockets": len(meant)}

    def verb_disconnect(self, body):
        meant = self.who(body)
        for one in meant:
            self.gateway.end(one, "server namespace disconnect")
        return {"sockets": len(meant)}

    def verb_history(self, body):
        return {"events": self.gateway.history.get((body["nsp"], body["room"]), [])}

    def verb_value(self, body):
        key = (body["nsp"], body["key"])
        merge(self.gateway.values, key, body)
        return {"value": self.gateway.values.get(key)}

    def verb_batch(self, body):
        step = Apply(self.gateway, None, body["nsp"], {"type": "api"}, body["effects"])
        step.check()
        step.run()
        return {"seq": next(self.gateway.numbers), "results": [None] * len(body["effects"])}
