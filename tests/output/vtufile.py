"""A small reader of VTU files with raw appended data, written from VTK's description of the format."""
import struct
import xml.etree.ElementTree as ElementTree

FORMATS = {"Float64": "d", "Float32": "f", "Int64": "q", "Int32": "i", "UInt8": "B"}


class VtuFile:
    """Arrays by name: tuples of numbers, flat. Raises ValueError when the file is not consistent."""

    def __init__(self, path):
        with open(path, "rb") as file:
            content = file.read()
        mark = b'<AppendedData encoding="raw">'
        head, _, rest = content.partition(mark)
        if not rest:
            raise ValueError("no appended data")
        blank = len(rest) - len(rest.lstrip())
        if rest[blank:blank + 1] != b"_":
            raise ValueError("appended data do not start with _")
        self.tree = ElementTree.fromstring(head + mark + b"</AppendedData></VTKFile>")
        if self.tree.get("header_type") != "UInt64":
            raise ValueError("header type")
        self.order = {"LittleEndian": "<", "BigEndian": ">"}[self.tree.get("byte_order")]
        self.data = rest[blank + 1:]
        self.end = 0
        self.arrays = {}
        self.types = {}
        for array in self.tree.iter("DataArray"):
            if array.get("format") == "appended":
                self._read(array)
            else:
                self.arrays[array.get("Name")] = tuple(float(word) for word in array.text.split())
        tail = self.data[self.end:]
        if tail.split() != [b"</AppendedData>", b"</VTKFile>"]:
            raise ValueError(f"unexpected end {tail[:80]!r}")
        piece = self.tree.find("UnstructuredGrid/Piece")
        self.points = int(piece.get("NumberOfPoints"))
        self.cells = int(piece.get("NumberOfCells"))

    def _read(self, array):
        name, form = array.get("Name"), FORMATS[array.get("type")]
        offset = int(array.get("offset"))
        if offset != self.end:
            raise ValueError(f"{name} starts at {offset}, the array before ends at {self.end}")
        (length,) = struct.unpack_from(self.order + "Q", self.data, offset)
        count, left = divmod(length, struct.calcsize(form))
        if left or offset + 8 + length > len(self.data):
            raise ValueError(f"{name} has {length} bytes")
        self.arrays[name] = struct.unpack_from(f"{self.order}{count}{form}", self.data, offset + 8)
        self.types[name] = array.get("type")
        self.end = offset + 8 + length


def triples(flat):
    return list(zip(flat[0::3], flat[1::3], flat[2::3]))
