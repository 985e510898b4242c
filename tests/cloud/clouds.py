"""A server on the loopback that answers as Keystone and the other services do, where a test says what they answer. The real
ones are in tests/openstack; here are answers that real ones give rarely or never."""
import http.server
import json
import threading
import time
import urllib.parse

SECRET = "s3cret-of-the-credential"


class Cloud:
    """answers: {(method, path without query): function(request) -> (status, body, headers)}; what is asked is in asked."""

    def __init__(self, answers=None, life=3600, tls=None):
        self.answers = dict(answers or {})
        self.life = life
        self.asked = []
        self.tokens = 0
        self.revoked = set()
        cloud = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer in one piece
            disable_nagle_algorithm = True

            def log_message(self, *words):
                pass

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                self.body = self.rfile.read(length)
                self.query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                status, body, headers = cloud.respond(self)
                data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    pass  # it went away

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https" if tls else "http"
        self.url = f"{self.scheme}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def environment(self):
        return {"OS_AUTH_URL": self.url + "/identity", "OS_APPLICATION_CREDENTIAL_ID": "an-id",
                "OS_APPLICATION_CREDENTIAL_SECRET": SECRET}

    def respond(self, request):
        path = urllib.parse.urlsplit(request.path).path
        self.asked.append((request.command, request.path, request.body, dict(request.headers)))
        if (request.command, path) in self.answers:
            return self.answers[(request.command, path)](request)
        if path == "/identity/v3/auth/tokens":
            return self.token(request)
        if request.headers.get("X-Auth-Token") != f"token-{self.tokens}" or self.tokens in self.revoked:
            return 401, {"error": {"message": "no", "code": 401}}, {}
        return 404, {"itemNotFound": {"message": f"no {path}", "code": 404}}, {}

    def token(self, request):
        auth = json.loads(request.body)["auth"]
        who = auth["identity"]
        right = (who.get("application_credential", {}).get("secret") == SECRET or
                 who.get("password", {}).get("user", {}).get("password") == SECRET)
        if not right:
            return 401, {"error": {"message": "not you", "code": 401}}, {}
        self.tokens += 1
        return 201, self.token_body(), {"X-Subject-Token": f"token-{self.tokens}"}

    def token_body(self):
        now = time.time()
        form = "%Y-%m-%dT%H:%M:%S.000000Z"
        places = {"compute": "/compute/v2.1", "image": "/image", "network": "/network/v2.0/", "identity": "/identity"}
        return {"token": {
            "issued_at": time.strftime(form, time.gmtime(now)), "expires_at": time.strftime(form, time.gmtime(now + self.life)),
            "project": {"id": "0123456789abcdef0123456789abcdef", "name": "p"},
            "catalog": [{"type": kind, "name": kind, "endpoints": [
                {"interface": "public", "region": "one", "region_id": "one", "url": self.url + place},
                {"interface": "internal", "region": "one", "region_id": "one", "url": "http://127.0.0.1:9/internal"}]}
                for kind, place in places.items()]}}

    def needs_token(self, answer):
        """Wraps an answer: 401 without the newest token."""
        def check(request):
            if request.headers.get("X-Auth-Token") != f"token-{self.tokens}" or self.tokens in self.revoked:
                return 401, {"error": {"message": "no", "code": 401}}, {}
            return answer(request)
        return check


def fixed(body, status=200, headers=None):
    return lambda request: (status, body, headers or {})
