/* Linked into every program of a sanitizer build: what the leak checker should leave out, and how it can tell.
 *
 * Open MPI, the libraries it loads and Gmsh keep memory until the process ends, and fontconfig keeps its pointers as
 * offsets, which the checker cannot follow. They are named below; memory that our own files ask for is always reported.
 * Plug-ins that are unloaded could not be told by name any more, so none is. */

int dlclose(void *handle);
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

#define EXPORTED __attribute__((visibility("default"), used))

EXPORTED int dlclose(void *handle)
{
    (void)handle;
    return 0;
}

EXPORTED const char *__lsan_default_suppressions(void)
{
    return "leak:libmpi.so\n"
           "leak:libopen-pal.so\n"
           "leak:libopen-rte.so\n"
           "leak:libpmix.so\n"
           "leak:libhwloc.so\n"
           "leak:libevent\n"
           "leak:mca_\n"
           "leak:libucs.so\n"
           "leak:libgmsh.so\n"
           "leak:libfontconfig.so\n";
}

EXPORTED const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

EXPORTED const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0:malloc_context_size=12:allocator_may_return_null=1:detect_stack_use_"
           "after_return=1:strict_"
           "string_checks=1";
}

EXPORTED const char *__ubsan_default_options(void)
{
    return "halt_on_error=1:print_stacktrace=1";
}
