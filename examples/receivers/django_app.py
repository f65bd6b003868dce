"""Receive webhooks with Django, in one file.

    WEBHOOK_KEYS="whsec_…" python django_app.py runserver 9200

`WEBHOOK_KEYS` are the subscriptions' signing keys, with spaces between; `WEBHOOK_SEEN` is the file that remembers what
was done. In a project of your own the two settings, the view and its path are what you need.
"""

import logging
import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tidings.receiver import BadSignature, Event, SqliteSeen, UnderWay, Unreadable, Webhook

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("webhooks")
webhook = Webhook(os.environ["WEBHOOK_KEYS"].split())
seen = SqliteSeen(os.environ.get("WEBHOOK_SEEN", "seen.db"))
# Django answers a host that it does not know, and a body that it finds too large, with a 400 of its own; in the
# omnichannel vocabulary that refuses the event for good.
hosts = os.environ.get("WEBHOOK_HOSTS", "127.0.0.1 localhost").split()
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=hosts, DATA_UPLOAD_MAX_MEMORY_SIZE=32 * 2**20)


@csrf_exempt
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Do what was told; an error makes it a 500, and the hub tells it again."""
    try:
        for event in webhook.events(request.headers, request.body):
            with seen.once(event.id) as first:
                if first:
                    act_on(event)
    except BadSignature as error:
        return HttpResponse(str(error), status=401)
    except Unreadable as error:
        return HttpResponse(str(error), status=400)
    except UnderWay as error:
        return HttpResponse(str(error), status=409)
    return HttpResponse(status=204)


def act_on(event: Event) -> None:
    """Do what an event asks for; what takes more than a few seconds belongs in a queue of your own."""
    log.info("%s %s", event.name, event.message_id)


urlpatterns = [path("webhooks", take)]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
