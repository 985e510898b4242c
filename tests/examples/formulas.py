"""Results known in closed form that the examples are checked against. SI units."""
from math import atan, cos, log, pi, sin, sqrt, tanh, atanh

MU0 = 4e-7 * pi


def prism_factor(a, b, c):
    """Demagnetising factor along c of a prism with edges a, b, c (only their ratios matter).
    A. Aharoni, J. Appl. Phys. 83, 3432 (1998), eq. 1, with half-edges."""
    a, b, c = a / 2, b / 2, c / 2
    ab, bc, ac = sqrt(a * a + b * b), sqrt(b * b + c * c), sqrt(a * a + c * c)
    r = sqrt(a * a + b * b + c * c)
    total = (b * b - c * c) / (2 * b * c) * log((r - a) / (r + a))
    total += (a * a - c * c) / (2 * a * c) * log((r - b) / (r + b))
    total += b / (2 * c) * log((ab + a) / (ab - a)) + a / (2 * c) * log((ab + b) / (ab - b))
    total += c / (2 * a) * log((bc - b) / (bc + b)) + c / (2 * b) * log((ac - a) / (ac + a))
    total += 2 * atan(a * b / (c * r)) + (a**3 + b**3 - 2 * c**3) / (3 * a * b * c)
    total += (a * a + b * b - 2 * c * c) / (3 * a * b * c) * r
    total += c / (a * b) * (ac + bc) - (ab**3 + bc**3 + ac**3) / (3 * a * b * c)
    return total / pi


def demag_energy(factor, Ms, volume):
    """Energy of a body magnetised uniformly along an axis with this demagnetising factor."""
    return MU0 / 2 * factor * Ms**2 * volume


def wall_width(A, K):
    """Width of a 180 degree wall, pi sqrt(A/K) (F. Bloch 1932; Lilley's definition)."""
    return pi * sqrt(A / K)


def wall_energy(A, K):
    """Energy per area of a 180 degree wall, 4 sqrt(A K)."""
    return 4 * sqrt(A * K)


def switching_field(psi):
    """Field in units of 2 K1 / (mu0 Ms) at which a particle switches when the field lies at psi to its easy axis.
    E. C. Stoner and E. P. Wohlfarth, Phil. Trans. R. Soc. A 240, 599 (1948)."""
    return (abs(cos(psi)) ** (2 / 3) + abs(sin(psi)) ** (2 / 3)) ** -1.5


def pinning_field(K, J, ratio_A, ratio_K, ratio_J):
    """Field H (A/m) that drives a wall from a soft into a hard phase; K and J = mu0 Ms of the hard one, ratios
    soft / hard. H. Kronmueller and D. Goll, Physica B 319, 122 (2002)."""
    return 2 * K / J * (1 - ratio_K * ratio_A) / (1 + sqrt(ratio_J * ratio_A)) ** 2


def precession(t, H, alpha, gamma, start):
    """m(t) of one spin in a field H along z that starts at the unit vector start = (x, 0, z): it turns by w t about z,
    w = gamma H / (1 + alpha^2), and m_z = tanh(alpha w t + artanh z) (the Landau-Lifshitz-Gilbert equation solved)."""
    w = gamma * H / (1 + alpha**2)
    z = tanh(alpha * w * t + atanh(start[2]))
    across = sqrt(1 - z * z)
    return across * cos(w * t), across * sin(w * t), z
