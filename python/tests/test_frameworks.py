"""
test_frameworks.py - the three lines for each framework, on Debian's packages

SPDX-License-Identifier: ISC
"""
import os
import re
import sys
import types
import unittest

from support import NOW, SECRET, Case, here
import siogate
from siogate import frameworks


def find(name):
    try:
        __import__(name)
        return True
    except ImportError:
        return False


def needs(name):
    return unittest.skipUnless(find(name), "no " + name)


class Recipes(Case):
    """The same two clients, whichever framework is between."""

    def setUp(self):
        Case.setUp(self)
        self.after = []
        self.gate = siogate.Gateway(SECRET, clock=lambda: NOW)

        @self.gate.on("say")
        def say(me, text):
            me.call.jobs.append((self.after.append, ("job",), {}))
            me.emit("said", text, me.environ.get("HTTP_COOKIE"), to="* -me")
            return True

    def try_it(self, application, visit=None):
        test = self.gateway(application)
        anna, ben = test.connect(cookies={"sessionid": "7"}), test.connect()
        self.assertEqual(anna.ask("say", "hi"), [True])
        self.assertEqual(ben.received, [("said", ["hi", "sessionid=7"])])
        self.assertEqual(self.after, ["job"])
        lines = self.starts_quietly()
        test.secret = "forged"
        self.assertEqual(test.send({"siogate": 1, "key": "k", "nsp": "/", "speaker": "none",
                                    "events": []})[0], 403)
        self.assertEqual(len(lines), 1)

    def test_bare_wsgi(self):
        def application(environ, start_response):
            start_response("200 OK", [])
            return [b"site"]
        self.try_it(self.gate.over(application, "/siogate/"))

    @needs("flask")
    def test_flask(self):
        from flask import Flask
        app, gate = Flask("site"), self.gate

        @app.route("/siogate/", methods=["POST"])
        def calls():
            return frameworks.flask(gate)
        self.try_it(app)

    @needs("bottle")
    def test_bottle(self):
        import bottle
        app, gate = bottle.Bottle(), self.gate

        @app.post("/siogate/")
        def calls():
            return frameworks.bottle(gate)
        self.try_it(app)

    @needs("pyramid")
    def test_pyramid(self):
        from pyramid.config import Configurator
        with Configurator() as config:
            config.add_route("siogate", "/siogate/")
            config.add_view(frameworks.pyramid(self.gate), route_name="siogate")
            app = config.make_wsgi_app()
        self.try_it(app)

    @needs("web")
    def test_webpy(self):
        import web
        urls = ("/siogate/", frameworks.webpy(self.gate))
        self.try_it(web.application(urls, globals()).wsgifunc())

    @needs("django")
    def test_django(self):
        self.try_it(django_site([("siogate/", frameworks.django(self.gate))]))


def django_site(patterns, apps=()):
    """A project in this process; its urls change from test to test."""
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.urls import clear_url_caches, include, re_path
    if not settings.configured:
        sys.path.insert(0, os.path.join(here, "project"))
        settings.configure(
            SECRET_KEY="x", DEBUG=True, ALLOWED_HOSTS=["*"], ROOT_URLCONF="tests_urls",
            INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth",
                            "django.contrib.sessions", "siogate.django_socketio", "chat"],
            MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware",
                        "django.middleware.csrf.CsrfViewMiddleware",
                        "django.contrib.auth.middleware.AuthenticationMiddleware"],
            SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3",
                                   "NAME": ":memory:"}},
            DEFAULT_AUTO_FIELD="django.db.models.AutoField", SIOGATE_SECRET=SECRET,
            TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates",
                        "APP_DIRS": True}])
        django.setup()
    module = types.ModuleType("tests_urls")
    module.urlpatterns = [re_path("^" + path, include(view) if isinstance(view, (str, list))
                                  else view) for path, view in patterns]
    sys.modules["tests_urls"] = module
    clear_url_caches()
    from django.urls import set_urlconf
    set_urlconf(None)
    return get_wsgi_application()


@needs("django")
class DjangoFaces(Case):
    def setUp(self):
        Case.setUp(self)
        from siogate import wrapping
        wrapping._default["gateway"].verifier.clock = lambda: NOW

    def test_sdjango_finds_the_namespaces_of_the_applications(self):
        django_site([])
        from siogate.gevent_socketio import sdjango
        sdjango.autodiscover()
        test = self.gateway(django_site([(r"socket\.io", sdjango.urls)]), path="/socket.io/back")
        anna, ben = test.connect("/chat"), test.connect("/chat")
        for one, name in ((anna, "anna"), (ben, "ben")):
            self.assertEqual(one.ask("join", "lobby"), [True])
            self.assertEqual(one.ask("nickname", name), [True, name])
        anna.emit("user message", "hi")
        self.assertEqual(ben.received[-1], ("msg_to_room", ["anna", "hi"]))
        self.assertEqual(anna.ask("whoami"), ["GET", "192.0.2.7", "AnonymousUser"])

    def test_django_socketio_finds_the_events_of_the_applications(self):
        app = django_site([("", "siogate.django_socketio.urls")])
        test = self.gateway(app, path="/socket.io/x")
        anna, ben = test.connect(), test.connect()
        for one in (anna, ben):
            one.emit("subscribe", "room-1")
        anna.emit("message", {"text": "hi"})
        self.assertEqual(ben.received, [("message", [{"text": "hi", "path": "/socket.io/x"}])])

    def test_a_visitor_who_comes_by_mistake_is_told(self):
        self.starts_quietly()
        app = django_site([("", "siogate.django_socketio.urls")])
        said = []
        body = b"".join(app({"REQUEST_METHOD": "GET", "PATH_INFO": "/socket.io/1/",
                             "SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.input": None},
                            lambda status, headers: said.append(status)))
        self.assertTrue(said[0].startswith("403"))
        self.assertIn(b"not a call of siogate", body)

    def test_the_tag_writes_the_scripts(self):
        django_site([])
        from django.template import Context, Template
        text = Template("{% load socketio_tags %}{% socketio %}").render(Context())
        self.assertTrue(re.match(r'<script src="/socket\.io/socket\.io\.js"></script>', text))

    def test_models_wait_by_their_key(self):
        django_site([])
        from django.contrib.auth.models import User
        from django.core.management import call_command
        from siogate import frozen
        call_command("migrate", verbosity=0)
        user = User.objects.create(username="anna")
        stored = frozen.freeze(user)
        self.assertEqual(frozen.thaw(stored), user)
        user.delete()
        self.assertEqual(frozen.thaw(stored), None)


class Templates(Case):
    """{% socketio %} of Django is tried above; the others are given the function."""

    @needs("mako")
    def test_mako(self):
        from mako.template import Template
        from siogate.channels.script import socketio_scripts
        text = Template("<head>${socketio_scripts()}</head>").render(
            socketio_scripts=socketio_scripts)
        self.assertIn('<head><script src="/socket.io/socket.io.js">', text)

    @needs("web")
    def test_web_template(self):
        import web
        from siogate.channels.script import socketio_scripts
        text = web.template.Template("$:socketio_scripts()", globals={
            "socketio_scripts": socketio_scripts})()
        self.assertIn('<script src="/socket.io/socket.io.js">', str(text))


@needs("web")
class WebpyFace(Case):
    def application(self):
        import web
        from siogate.webpy_socketio import on_message, socketio_urls
        on_message.handlers[:] = []

        @on_message(channel="^room-")
        def message(request, socket, context, message):
            socket.send_and_broadcast_channel([request["REMOTE_ADDR"], message])
        return web.application(("/", "Index") + socketio_urls, {}).wsgifunc()

    def try_it(self, application):
        test = self.gateway(application, path="/socket.io/1/")
        anna, ben = test.connect(), test.connect()
        for one in (anna, ben):
            one.emit("subscribe", "room-7")
        anna.emit("message", "hi")
        self.assertEqual(ben.received, [("message", [["192.0.2.7", "hi"]])])
        self.assertEqual(anna.received, ben.received)

    def test_calls_reach_the_class(self):
        self.try_it(self.application())

    def test_or_the_application_is_wrapped(self):
        self.try_it(siogate.wrap(self.application()))
