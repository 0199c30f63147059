"""
frameworks.py - a Gateway inside Django, Flask, Bottle, Pyramid and web.py

    bare WSGI   application = gate.over(application, "/siogate/")

    Flask       @app.route("/siogate/", methods=["POST"])
                def calls():
                    return frameworks.flask(gate)

    Bottle      @app.post("/siogate/")
                def calls():
                    return frameworks.bottle(gate)

    Pyramid     config.add_route("siogate", "/siogate/")
                config.add_view(frameworks.pyramid(gate), route_name="siogate")

    Django      urlpatterns += [path("siogate/", frameworks.django(gate))]

    web.py      urls += ("/siogate/", frameworks.webpy(gate))

Inside the framework's own request its sessions, users and databases are there, with the
visitor's cookies. Each framework is imported when its function is called.

SPDX-License-Identifier: ISC
"""
from .errors import Refused
from .gateway import Answer, refuse

JSON = "application/json"


def respond(gate, environ, body=None):
    """(status line, headers, Answer) of a call."""
    said = []

    def start_response(status, headers, _error=None):
        said.extend([status, headers])
    try:
        call, _ = gate.read(environ, body)
        answer = gate.answer(call)
    except Refused as error:
        parts = refuse(error, start_response)
        return said[0], said[1], parts
    return "200 OK", [("Content-Type", JSON), ("Content-Length", str(len(answer)))], \
        Answer(answer, call)


def flask(gate):
    from flask import Response, request
    status, headers, parts = respond(gate, request.environ, request.get_data())
    response = Response(b"".join(parts), status=status, headers=headers)
    _close(response.call_on_close, parts)
    return response


def bottle(gate):
    from bottle import HTTPResponse, request
    status, headers, parts = respond(gate, request.environ, request.body.read())
    return HTTPResponse(parts, status, headers) if hasattr(parts, "close") else \
        HTTPResponse(b"".join(parts), status, headers)


def pyramid(gate):
    def view(request):
        from pyramid.response import Response
        status, headers, parts = respond(gate, request.environ, request.body)
        return Response(status=status, headerlist=headers, app_iter=parts)
    return view


def django(gate):
    from django.http import HttpResponse
    from django.views.decorators.csrf import csrf_exempt

    @csrf_exempt
    def view(request):
        status, _, parts = respond(gate, request.environ, request.body)
        response = HttpResponse(b"".join(parts), content_type=JSON,
                                status=int(status.split()[0]))
        # Django closes what it is told to when the response was sent
        _close(lambda close: setattr(response, "close", _both(response.close, close)), parts)
        return response
    return view


def webpy(gate):
    import web

    class Calls(object):
        def POST(self):
            status, headers, parts = respond(gate, web.ctx.env, web.data())
            web.ctx.status = status
            for name, value in headers:
                web.header(name, value, unique=True)
            return _closing(parts)
    return Calls


def _closing(parts):
    """web.py closes nothing: what comes after the last part is done then."""
    try:
        for part in parts:
            yield part
    finally:
        if hasattr(parts, "close"):
            parts.close()


def _close(add, parts):
    if hasattr(parts, "close"):
        add(parts.close)


def _both(first, second):
    def close():
        first()
        second()
    return close
