"""What Schemathesis is told beyond docs/openapi.yaml.

Its own bodies are any text, which hardly ever is an exposition. Here most of that text becomes a part of one: a label
value, a label name, a sample's value, the text of a HELP line. So pushes get as far as the consistency check and the
limits, and strangers' text as far as the log.

Everything is chosen by a hash of what was generated, so that a run with the same seed sends the same.
"""

import zlib

import schemathesis

# Good for everything, for pushes, for scrapes, for nothing, and no token at all.
TOKENS = ["Bearer admin", "Bearer pusher", "Basic dTpzY3JhcGVy", "Bearer other", None]

# Every header that the gateway or its host sets on any answer.
HEADERS = {
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "referrer-policy",
    "retry-after",
    "transfer-encoding",
    "vary",
    "www-authenticate",
    "x-content-type-options",
    "x-frame-options",
}


def escaped(text):
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


EXPOSITIONS = [
    lambda text: text,
    lambda text: f'm{{text="{escaped(text)}"}} 1\n',
    lambda text: f'# TYPE m gauge\nm{{text="{escaped(text)}"}} 1\n',
    lambda text: f'# TYPE m counter\nm{{text="{escaped(text)}"}} 1\n# EOF\n',
    lambda text: f'm{{text="{escaped(text)}"}} 1\nm{{text="{escaped(text)}"}} 2\n',
    lambda text: f'm{{__text="{escaped(text)}"}} 1\n',
    lambda text: f"m{{{text}=\"\"}} 1\n",
    lambda text: f"m {text}\n",
    lambda text: f"# HELP m {text}\nm 1\n",
    lambda text: "".join(f'm{{n="{n}",text="{escaped(text)}"}} 1\n' for n in range(60)),
]


def chosen(choices, key):
    return choices[zlib.crc32(key) % len(choices)]


@schemathesis.serializer("text/plain", "application/openmetrics-text")
def exposition(_context, value):
    text = str(value)
    key = text.encode("utf-8", "surrogatepass")
    is_example = text.startswith("# TYPE")
    push = text if is_example else chosen(EXPOSITIONS, key)(text)
    return push.encode("utf-8", "surrogatepass")


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """Gives most requests a token: one that is good for them, or one that is not."""
    key = repr((case.operation.label, case.path_parameters, case.query, case.body)).encode("utf-8", "surrogatepass")
    token = chosen(TOKENS, key)
    if token is not None:
        case.headers["Authorization"] = token


@schemathesis.check
def no_header_is_a_strangers(_context, response, _case):
    for name in response.headers:
        assert name.lower() in HEADERS, f"the header {name} is nobody's"
