"""The image for the cloud, made of the project's own packages: found when it was made before from the same, or made.

Prints the path of the file, in BUILD/openstack."""
import glob
import hashlib
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["WEISS_SOURCE_ROOT"], "tests", "packaging"))
import packages  # noqa: E402

OURS = ("weiss", "openmpi-btl-ivshmem", "weiss-ivshmem-dkms")
BUILD = os.environ["WEISS_BUILD_ROOT"]
MAKER = os.path.join(os.environ["WEISS_SOURCE_ROOT"], "src", "cloud", "guest", "make-disk.sh")


def digest(debs):
    sha = hashlib.sha256()
    for path in [*debs, MAKER]:
        with open(path, "rb") as file:
            sha.update(file.read())
    return sha.hexdigest()[:16]


def main():
    built = packages.build()
    debs = sorted(path for name in OURS for path in glob.glob(f"{built}/{name}_*.deb"))
    place = os.path.join(BUILD, "openstack")
    path = f"{place}/{digest(debs)}.qcow2"
    if not os.path.exists(path):
        os.makedirs(place, exist_ok=True)
        for old in glob.glob(place + "/*.qcow2"):
            os.unlink(old)
        words = [word for deb in debs for word in ("--deb", deb)]
        subprocess.run([os.path.join(BUILD, "weiss"), "image", "build", *words, "--out", path], check=True, stdout=sys.stderr,
                       env={**os.environ, "XDG_CACHE_HOME": os.path.join(BUILD, "image-cache")})
    print(path)


if __name__ == "__main__":
    main()
