/* A schema with every kind of key, as the rooms above would give it to this one. */
#ifndef WEISS_TESTS_SAMPLE_SCHEMA_H
#define WEISS_TESTS_SAMPLE_SCHEMA_H

#include "problem/problem.h"

extern const weiss_schema_parts sample_parts;

#endif
