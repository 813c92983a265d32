"""A function of AWS Lambda that pushes how its last run went.

Environment: PUSHGATEWAY_URL and PUSHGATEWAY_TOKEN. Needs prometheus-client.
"""

import os
import random
import time
from urllib.error import HTTPError

from prometheus_client import CollectorRegistry, Gauge, push_to_gateway
from prometheus_client.exposition import default_handler

JOB = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "thumbnails")
ATTEMPTS = 4


def handler(event, context):
    # Of this run alone: what the last one counted has no place in it.
    registry = CollectorRegistry()
    success = Gauge("thumbnails_last_run_success", "Whether the last run succeeded.", registry=registry)
    images = Gauge("thumbnails_last_run_images", "Images of the last run.", registry=registry)
    duration = Gauge("thumbnails_last_run_duration_seconds", "How long the last run took.", registry=registry)
    try:
        with duration.time():
            images.set(make_thumbnails(event["images"]))
        success.set(1)
    finally:
        # Before the function returns: Lambda stops the clock of the environment then.
        push(registry)


def make_thumbnails(images):
    return len(images)


def push(registry):
    """Replaces the group of this job. A failure is logged: metrics are no reason to fail the run."""
    for attempt in range(ATTEMPTS):
        try:
            push_to_gateway(
                os.environ["PUSHGATEWAY_URL"], job=JOB, registry=registry, timeout=5, handler=with_token
            )
            return
        except HTTPError as error:
            problem = f"{error.code} {error.read().decode(errors='replace').strip()}"
            if error.code not in (502, 503, 504):
                break
        except OSError as error:
            problem = str(error)
        if attempt + 1 < ATTEMPTS:
            # Jobs that were refused together should not come back together.
            time.sleep(2**attempt * random.uniform(0.5, 1.5))
    print(f"metrics were not pushed: {problem}")


def with_token(url, method, timeout, headers, data):
    authorization = ("Authorization", f"Bearer {os.environ['PUSHGATEWAY_TOKEN']}")
    return default_handler(url, method, timeout, [*headers, authorization], data)
