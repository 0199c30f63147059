# The applications' side: copied as it is, or installed under datadir.
nobase_dist_pkgdata_DATA = %D%/README.md \
	%D%/siogate/__init__.py \
	%D%/siogate/_compat.py \
	%D%/siogate/call.py \
	%D%/siogate/channels/__init__.py \
	%D%/siogate/channels/events.py \
	%D%/siogate/channels/extension.js \
	%D%/siogate/channels/messages.py \
	%D%/siogate/channels/outside.py \
	%D%/siogate/channels/proxy.py \
	%D%/siogate/channels/script.py \
	%D%/siogate/channels/serve.py \
	%D%/siogate/django_socketio/__init__.py \
	%D%/siogate/django_socketio/channels.py \
	%D%/siogate/django_socketio/clients.py \
	%D%/siogate/django_socketio/events.py \
	%D%/siogate/django_socketio/management/__init__.py \
	%D%/siogate/django_socketio/management/commands/__init__.py \
	%D%/siogate/django_socketio/management/commands/runserver_socketio.py \
	%D%/siogate/django_socketio/settings.py \
	%D%/siogate/django_socketio/templatetags/__init__.py \
	%D%/siogate/django_socketio/templatetags/socketio_tags.py \
	%D%/siogate/django_socketio/urls.py \
	%D%/siogate/django_socketio/utils.py \
	%D%/siogate/django_socketio/views.py \
	%D%/siogate/django_views.py \
	%D%/siogate/effects.py \
	%D%/siogate/emitter.py \
	%D%/siogate/errors.py \
	%D%/siogate/frameworks.py \
	%D%/siogate/frozen.py \
	%D%/siogate/gateway.py \
	%D%/siogate/gevent_socketio/__init__.py \
	%D%/siogate/gevent_socketio/green.py \
	%D%/siogate/gevent_socketio/manage.py \
	%D%/siogate/gevent_socketio/management/__init__.py \
	%D%/siogate/gevent_socketio/management/commands/__init__.py \
	%D%/siogate/gevent_socketio/management/commands/runserver_socketio.py \
	%D%/siogate/gevent_socketio/mixins.py \
	%D%/siogate/gevent_socketio/namespace.py \
	%D%/siogate/gevent_socketio/others.py \
	%D%/siogate/gevent_socketio/sdjango.py \
	%D%/siogate/gevent_socketio/server.py \
	%D%/siogate/gevent_socketio/state.py \
	%D%/siogate/gevent_socketio/virtsocket.py \
	%D%/siogate/later.py \
	%D%/siogate/me.py \
	%D%/siogate/named.py \
	%D%/siogate/shared.py \
	%D%/siogate/signature.py \
	%D%/siogate/socketio/__init__.py \
	%D%/siogate/socketio/exceptions.py \
	%D%/siogate/socketio/manager.py \
	%D%/siogate/socketio/namespace.py \
	%D%/siogate/socketio/server.py \
	%D%/siogate/socketio/speak.py \
	%D%/siogate/socketio/table.py \
	%D%/siogate/socketio/wsgi.py \
	%D%/siogate/standalone.py \
	%D%/siogate/testing.py \
	%D%/siogate/testing_api.py \
	%D%/siogate/testing_effects.py \
	%D%/siogate/testing_selectors.py \
	%D%/siogate/values.py \
	%D%/siogate/webpy_socketio/__init__.py \
	%D%/siogate/webpy_socketio/events.py \
	%D%/siogate/webpy_socketio/socketio_app.py \
	%D%/siogate/who.py \
	%D%/siogate/wrapping.py

EXTRA_DIST += \
	%D%/tests/php/outside.php \
	%D%/tests/php/page.php \
	%D%/tests/project/chat/__init__.py \
	%D%/tests/project/chat/events.py \
	%D%/tests/project/chat/sockets.py \
	%D%/tests/support.py \
	%D%/tests/tap.py \
	%D%/tests/test_channels.py \
	%D%/tests/test_examples.py \
	%D%/tests/test_frameworks.py \
	%D%/tests/test_gevent.py \
	%D%/tests/test_php.py \
	%D%/tests/test_porting.py \
	%D%/tests/test_protocol.py \
	%D%/tests/test_socketio.py \
	%D%/tests/test_syntax.py

check_SCRIPTS += tests/python.sh tests/python_jython.sh
EXTRA_DIST += tests/python.sh tests/python_jython.sh
