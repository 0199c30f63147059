"""
recipes.py - the recipes of siogate/frameworks.py, one application each, in one process

    python3 recipes.py PORT         calls come to /NAME/siogate/

SPDX-License-Identifier: ISC
"""
import sys

import bottle
import django
import flask
import web
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path
from pyramid.config import Configurator

from siogate import Gateway, frameworks
from siogate.standalone import make_server


def gate_of(name):
    gate = Gateway()

    @gate.on("double", nsp="/" + name)
    def double(me, number):
        return name, 2 * number
    return gate


def plain(environ, start_response):
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"only calls"]


of_flask = flask.Flask("recipes")


@of_flask.route("/siogate/", methods=["POST"])
def calls_of_flask():
    return frameworks.flask(gates["flask"])


of_bottle = bottle.Bottle()


@of_bottle.post("/siogate/")
def calls_of_bottle():
    return frameworks.bottle(gates["bottle"])


gates = dict((name, gate_of(name)) for name in
             ("wsgi", "flask", "bottle", "pyramid", "django", "webpy"))

config = Configurator()
config.add_route("siogate", "/siogate/")
config.add_view(frameworks.pyramid(gates["pyramid"]), route_name="siogate")

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="only for the tests")
django.setup()
urlpatterns = [path("siogate/", frameworks.django(gates["django"]))]

urls = ("/siogate/", frameworks.webpy(gates["webpy"]))

sites = {"wsgi": gates["wsgi"].over(plain, "/siogate/"), "flask": of_flask, "bottle": of_bottle,
         "pyramid": config.make_wsgi_app(), "django": get_wsgi_application(),
         "webpy": web.application(urls).wsgifunc()}


def application(environ, start_response):
    _, name, rest = environ["PATH_INFO"].split("/", 2)
    environ["SCRIPT_NAME"], environ["PATH_INFO"] = "/" + name, "/" + rest
    return sites[name](environ, start_response)


server = make_server(application, int(sys.argv[1]))
sys.stderr.write("siogate: http://127.0.0.1:%s/\n" % sys.argv[1])
server.serve_forever()
