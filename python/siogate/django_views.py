"""
django_views.py - a call of the gateway as a Django view, for the faces that have one

Must stay true:
  - the request that handlers see has the visitor's address, query, cookies and headers
  - jobs after the answer run when Django has sent it

SPDX-License-Identifier: ISC
"""
from django.conf import settings
from django.http import HttpResponse

from .errors import Refused
from .frameworks import JSON
from .gateway import Answer
from .wrapping import CALL, give_answer, take_call, use_secret


def answer(request, make_handle):
    """make_handle(call) -> handle(turn)."""
    if getattr(settings, "SIOGATE_SECRET", None):
        use_secret(settings.SIOGATE_SECRET)
    try:
        body = None if CALL in request.environ else request.body
        call, gateway = take_call(request.environ, body)
        # META is the environ: who looks there finds the visitor
        request.META.update((name, value) for name, value in call.environ.items()
                            if name.startswith("HTTP_") or name in ("REMOTE_ADDR", "QUERY_STRING"))
        response = HttpResponse(gateway.answer(call, make_handle(call)), content_type=JSON)
    except Refused as error:
        return HttpResponse(error.reason, content_type="text/plain",
                            status=int(error.status.split()[0]))
    give_answer(request.environ, response.content)
    closing, rest = response.close, Answer(b"", call)

    def close():
        closing()
        rest.close()
    response.close = close
    return response
