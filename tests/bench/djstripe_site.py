"""dj-stripe's webhook endpoint at its fastest, run by the Python of `rivals`: it stores and verifies, nothing else.

One file, because it runs apart from us: `python djstripe_site.py DATABASE SECRET` prints the port and the path.
"""

from __future__ import annotations

import os
import socket
import sys

DATABASE, SECRET = sys.argv[1:3]
THREADS = 16


def store_only(_event, **_options):  # type: ignore[no-untyped-def]
    """Instead of processing: nothing."""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "")
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="bench",
        ALLOWED_HOSTS=["127.0.0.1"],
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "djstripe"],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        # The tables as they are now, without the half minute of their history.
        MIGRATION_MODULES={"contenttypes": None, "auth": None, "djstripe": None},
        ROOT_URLCONF="djstripe.urls",
        USE_TZ=True,
        STRIPE_LIVE_MODE=False,
        STRIPE_TEST_SECRET_KEY="sk_test_bench",
        DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
        DJSTRIPE_WEBHOOK_EVENT_CALLBACK=store_only,
        LOGGING_CONFIG=None,
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": DATABASE,
                "CONN_MAX_AGE": None,
                "OPTIONS": {
                    "transaction_mode": "IMMEDIATE",
                    "timeout": 30,
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
                },
            }
        },
    )
    django.setup()
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from djstripe.models import WebhookEndpoint

    call_command("migrate", run_syncdb=True, verbosity=0)
    endpoint = WebhookEndpoint.objects.create(
        id="we_bench", livemode=False, secret=SECRET, url="http://127.0.0.1/", enabled_events=["*"], status="enabled"
    )
    _serve(get_wsgi_application(), f"/webhook/{endpoint.djstripe_uuid}/")


def _serve(application, path: str) -> None:  # type: ignore[no-untyped-def]
    from gunicorn.app.base import BaseApplication

    class Gunicorn(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            listener = socket.socket()
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            listener.close()
            for name, value in {
                "bind": f"127.0.0.1:{port}",
                "workers": 1,
                "worker_class": "gthread",
                "threads": THREADS,
                "keepalive": 30,
                "loglevel": "error",
                "when_ready": lambda _server: print(port, path, flush=True),
            }.items():
                self.cfg.set(name, value)

        def load(self):  # type: ignore[no-untyped-def]
            return application

    Gunicorn().run()


if __name__ == "__main__":
    main()
