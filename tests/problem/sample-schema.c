#include "sample-schema.h"

#include <math.h>

static const weiss_key sphere_keys[] = {
    {.name = "radius",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_LENGTH,
     .required = true,
     .positive = true,
     .help = "Radius",
     .example = "10 nm"},
    {.name = "centre",
     .kind = WEISS_KIND_VECTOR,
     .quantity = WEISS_LENGTH,
     .fallback = "[0, 0, 0]",
     .help = "Centre"},
    {.name = NULL},
};

static const weiss_key mesh_keys[] = {
    {.name = "box",
     .kind = WEISS_KIND_VECTOR,
     .quantity = WEISS_LENGTH,
     .alternative = true,
     .positive = true,
     .help = "Cuboid: its edges",
     .example = "[30 nm, 30 nm, 100 nm]"},
    {.name = "sphere",
     .kind = WEISS_KIND_MAP,
     .alternative = true,
     .members = sphere_keys,
     .bare = "radius",
     .help = "Ball"},
    {.name = "file",
     .kind = WEISS_KIND_TEXT,
     .alternative = true,
     .help = "Mesh file, relative to this one",
     .example = "bar.msh"},
    {.name = "unit",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_LENGTH,
     .fallback = "1 nm",
     .positive = true,
     .help = "Length of a unit of the mesh file"},
    {.name = "max_edge",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_LENGTH,
     .positive = true,
     .help = "Longest edge",
     .example = "3 nm"},
    {.name = NULL},
};

static const weiss_key anisotropy_keys[] = {
    {.name = "K1",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_ENERGY_DENSITY,
     .required = true,
     .help = "First constant",
     .example = "50 kJ/m^3"},
    {.name = "axis", .kind = WEISS_KIND_DIRECTION, .fallback = "[0, 0, 1]", .help = "Easy axis"},
    {.name = NULL},
};

static const weiss_key material_keys[] = {
    {.name = "A",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_EXCHANGE,
     .positive = true,
     .help = "Exchange constant",
     .example = "13 pJ/m"},
    {.name = "uniaxial",
     .kind = WEISS_KIND_MAP,
     .members = anisotropy_keys,
     .bare = "K1",
     .help = "Uniaxial anisotropy"},
    {.name = NULL},
};

static const weiss_key demag_keys[] = {
    {.name = "enabled", .kind = WEISS_KIND_FLAG, .fallback = "on", .help = "Whether there is such a field"},
    {.name = "operator",
     .kind = WEISS_KIND_CHOICE,
     .choices = "auto dense hierarchical",
     .fallback = "auto",
     .help = "How the boundary operator is kept"},
    {.name = "tolerance",
     .kind = WEISS_KIND_NUMBER,
     .fallback = "1e-4",
     .min = 1e-12,
     .max = 0.1,
     .help = "Relative error of the boundary operator"},
    {.name = "leaf",
     .kind = WEISS_KIND_INTEGER,
     .fallback = "32",
     .min = 4,
     .max = 1024,
     .help = "Smallest cluster"},
    {.name = NULL},
};

static const weiss_key layer_keys[] = {
    {.name = "thickness",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_LENGTH,
     .required = true,
     .positive = true,
     .help = "Thickness"},
    {.name = "repeat", .kind = WEISS_KIND_INTEGER, .min = 1, .max = 0, .help = "How often"},
    {.name = NULL},
};
static const weiss_key layer[] = {{.name = "layer", .kind = WEISS_KIND_MAP, .members = layer_keys},
                                  {.name = NULL}};
static const weiss_key word[] = {{.name = "field", .kind = WEISS_KIND_TEXT, .example = "m"}, {.name = NULL}};

static const weiss_key output_keys[] = {
    {.name = "fields",
     .kind = WEISS_KIND_LIST,
     .members = word,
     .fallback = "[m]",
     .help = "Which fields are written"},
    {.name = "layers",
     .kind = WEISS_KIND_LIST,
     .members = layer,
     .help = "Layers that are averaged one by one"},
    {.name = "checkpoint_every",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .fallback = "600 s",
     .positive = true,
     .help = "Wall time between checkpoints"},
    {.name = NULL},
};

static const weiss_key sine_keys[] = {
    {.name = "frequency",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_FREQUENCY,
     .required = true,
     .help = "Frequency",
     .example = "10 GHz"},
    {.name = "phase",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_ANGLE,
     .fallback = "0 deg",
     .help = "Phase"},
    {.name = NULL},
};

static const weiss_key time_keys[] = {
    {.name = "form",
     .kind = WEISS_KIND_CHOICE,
     .alternative = true,
     .choices = "constant linear",
     .fallback = "constant",
     .help = "Plain forms"},
    {.name = "sine", .kind = WEISS_KIND_MAP, .alternative = true, .members = sine_keys, .help = "Sine wave"},
    {.name = NULL},
};

static const weiss_key applied_keys[] = {
    {.name = "field",
     .kind = WEISS_KIND_VECTOR,
     .quantity = WEISS_FIELD,
     .required = true,
     .help = "Field everywhere",
     .example = "[0, 0, 10 mT]"},
    {.name = "times",
     .kind = WEISS_KIND_NUMBERS,
     .quantity = WEISS_TIME,
     .min = 0,
     .max = INFINITY,
     .help = "When it changes",
     .example = "[0 ns, 1 ns]"},
    {.name = "time",
     .kind = WEISS_KIND_MAP,
     .members = time_keys,
     .bare = "form",
     .fallback = "linear",
     .help = "Function of time"},
    {.name = NULL},
};

static const weiss_key applied_element = {.kind = WEISS_KIND_MAP, .members = applied_keys, .bare = "field"};

static const weiss_key section_keys[] = {
    {.name = "demag",
     .kind = WEISS_KIND_MAP,
     .members = demag_keys,
     .bare = "enabled",
     .fallback = "{}",
     .help = "Demagnetising field"},
    {.name = "applied",
     .kind = WEISS_KIND_LIST,
     .members = &applied_element,
     .help = "Applied fields, which are added",
     .example = "[0, 0, 10 mT]"},
    {.name = "output",
     .kind = WEISS_KIND_MAP,
     .members = output_keys,
     .fallback = "{}",
     .help = "What is written"},
    {.name = NULL},
};

static const weiss_key vortex_keys[] = {
    {.name = "core",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_LENGTH,
     .fallback = "5 nm",
     .positive = true,
     .help = "Core radius"},
    {.name = "polarity",
     .kind = WEISS_KIND_INTEGER,
     .fallback = "1",
     .min = -1,
     .max = 1,
     .help = "Up or down"},
    {.name = NULL},
};

static const weiss_key initial_keys[] = {
    {.name = "uniform", .kind = WEISS_KIND_DIRECTION, .help = "The same everywhere", .example = "[1, 0, 1]"},
    {.name = "vortex", .kind = WEISS_KIND_MAP, .members = vortex_keys, .help = "A vortex"},
    {.name = NULL},
};

static const weiss_key dynamics_keys[] = {
    {.name = "duration",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .required = true,
     .positive = true,
     .help = "How long",
     .example = "300 ps"},
    {.name = "table_every",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_TIME,
     .positive = true,
     .help = "Time between rows of the table",
     .example = "5 ps"},
    {.name = "applied",
     .kind = WEISS_KIND_MAP,
     .members = applied_keys,
     .bare = "field",
     .help = "Applied field of this stage"},
    {.name = NULL},
};

static const weiss_key relax_keys[] = {
    {.name = "max_torque",
     .kind = WEISS_KIND_NUMBER,
     .quantity = WEISS_FIELD,
     .fallback = "1 A/m",
     .positive = true,
     .help = "Where it stops"},
    {.name = "max_steps",
     .kind = WEISS_KIND_INTEGER,
     .fallback = "100000",
     .positive = true,
     .help = "When it gives up"},
    {.name = NULL},
};

static const weiss_key stage_keys[] = {
    {.name = "dynamics",
     .kind = WEISS_KIND_MAP,
     .members = dynamics_keys,
     .bare = "duration",
     .help = "Follows the motion"},
    {.name = "relax",
     .kind = WEISS_KIND_MAP,
     .members = relax_keys,
     .bare = "max_torque",
     .help = "Goes to the nearest minimum of the energy"},
    {.name = NULL},
};

const weiss_schema_parts sample_parts = {
    .mesh = mesh_keys,
    .material = material_keys,
    .sections = section_keys,
    .initial = initial_keys,
    .stages = stage_keys,
};
