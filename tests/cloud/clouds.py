"""A server on the loopback that answers as Keystone and the other services do, where a test says what they answer. The real
ones are in tests/openstack; here are answers that real ones give rarely or never."""
import http.server
import hashlib
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


class Store(Cloud):
    """Keeps what is made, as far as the commands see it. Instances are BUILD until `builds` looks were taken; `faults` maps the end
    of a name to what Nova says of it; `refuse` maps (method, kind) to a list of answers that are given first."""

    KINDS = {"flavors": "/compute/v2.1/flavors", "servers": "/compute/v2.1/servers", "server_groups": "/compute/v2.1/os-server-groups",
             "keypairs": "/compute/v2.1/os-keypairs", "images": "/image/v2/images", "networks": "/network/v2.0/networks",
             "subnets": "/network/v2.0/subnets", "ports": "/network/v2.0/ports",
             "security_groups": "/network/v2.0/security-groups", "security_group_rules": "/network/v2.0/security-group-rules",
             "floatingips": "/network/v2.0/floatingips"}

    def __init__(self, **more):
        self.kept = {kind: {} for kind in self.KINDS}
        self.refuse, self.faults, self.builds, self.count = {}, {}, 0, 0
        self.lock = threading.Lock()
        self.damage = lambda data: data  # of a file that is sent
        self.mangle = None  # of the answers
        super().__init__(**more)
        self.add("networks", name="net")
        self.add("networks", name="outside")
        self.add("subnets", name="sub", cidr="10.9.0.0/24")

    def add(self, kind, **about):
        self.count += 1
        number = f"00000000-0000-4000-8000-{self.count:012d}"
        self.kept[kind][number] = {"id": number, **about}
        return self.kept[kind][number]

    def left(self):
        """Names of all that commands have made."""
        return [f"{kind} {one.get('name')}" for kind, all_of in self.kept.items() for one in all_of.values()
                if kind not in ("networks", "subnets")]

    def respond(self, request):
        path = request.path.split("?")[0]
        if path.startswith("/identity"):
            return super().respond(request)
        self.asked.append((request.command, request.path, request.body, dict(request.headers)))
        kind = next((k for k, place in self.KINDS.items() if path == place or path.startswith(place + "/")), None)
        if kind is None:
            return 404, {"itemNotFound": {"message": f"no {path}"}}, {}
        with self.lock:
            answers = self.refuse.get((request.command, kind))
            if answers:
                answer = answers.pop(0)
                if answer is not None:
                    return answer
            rest = path[len(self.KINDS[kind]):].strip("/").split("/")
            status, body, headers = self.serve(kind, request, rest)
            return status, self.mangle(json.dumps(body).encode()) if self.mangle and body is not None else body, headers

    def serve(self, kind, request, rest):
        single, wrapped = kind[:-1], kind != "images"
        if request.command == "POST" and rest == [""]:
            body = json.loads(request.body)
            return 201, self.make(kind, single, body[single] if wrapped else body, wrapped), {}
        if rest == [""] or rest == ["detail"]:
            found = [self.see(kind, one) for one in self.kept[kind].values()]
            return 200, {kind: [{"keypair": one} for one in found] if kind == "keypairs" else found}, {}
        one = self.kept[kind].get(rest[0]) or next((o for o in self.kept[kind].values() if o.get("name") == rest[0]), None)
        if one is None:
            return 404, {"itemNotFound": {"message": f"no {rest[0]}"}}, {}
        if request.command == "DELETE":
            del self.kept[kind][one["id"]]
            if kind == "security_groups":  # its rules go with it
                rules = self.kept["security_group_rules"]
                self.kept["security_group_rules"] = {k: r for k, r in rules.items() if r["security_group_id"] != one["id"]}
            return 204, None, {}
        if rest[1:] == ["os-extra_specs"]:
            one["extra_specs"] = json.loads(request.body)["extra_specs"]
            return 200, {}, {}
        if rest[1:] == ["file"]:
            one.update(status="active", os_hash_algo="sha512", os_hash_value=hashlib.sha512(self.damage(request.body)).hexdigest())
            return 204, None, {}
        if rest[1:] == ["action"]:
            return 200, {"output": "login:\n"}, {}
        return 200, {single: self.see(kind, one)} if wrapped else one, {}

    def make(self, kind, single, about, wrapped):
        one = self.add(kind, **about)
        if kind == "ports":
            one["fixed_ips"] = [{"ip_address": f"127.0.9.{len(self.kept[kind])}", "subnet_id": next(iter(self.kept["subnets"]))}]
        elif kind == "floatingips":
            one["floating_ip_address"] = "127.0.8.1"
        elif kind == "servers":
            one.update(looks=0)
        elif kind == "images":
            one["status"] = "queued"
        return {single: one} if wrapped else one

    def see(self, kind, one):
        if kind != "servers":
            return one
        fault = next((text for end, text in self.faults.items() if one["name"].endswith(end)), None)
        one["looks"] += 1
        if one["looks"] <= self.builds:
            return {**one, "status": "BUILD"}
        if fault:
            return {**one, "status": "ERROR", "fault": {"message": fault, "code": 500}}
        return {**one, "status": "ACTIVE", "hostId": "h"}
