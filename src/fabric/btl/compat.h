/* What differs between the releases of Open MPI that this component is built for: 4.1 (BTL 3.1.0) and 5.0 (BTL 3.3.0). One
 * build serves one release. Nothing else in this room looks at versions. */
#ifndef WEISS_BTL_COMPAT_H
#define WEISS_BTL_COMPAT_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wpointer-arith"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wvla"
#include "opal_config.h"
/* opal_config.h first. */
#include "opal/class/opal_bitmap.h"
#include "opal/class/opal_free_list.h"
#include "opal/class/opal_list.h"
#include "opal/datatype/opal_convertor.h"
#include "opal/mca/btl/base/base.h"
#include "opal/mca/btl/base/btl_base_error.h"
#include "opal/mca/btl/btl.h"
#include "opal/threads/threads.h"
#include "opal/util/proc.h"
#pragma GCC diagnostic pop

#if OPAL_MAJOR_VERSION >= 5
#include "opal/mca/pmix/pmix-internal.h"
#define WEISS_MODEX_SCOPE PMIX_GLOBAL
/** Hands a received message to the upper layer. */
#define WEISS_RECEIVE(module, peer, message_tag, message_segments, count)                                    \
    do {                                                                                                     \
        const mca_btl_active_message_callback_t *reg_ = mca_btl_base_active_message_trigger + (message_tag); \
        const mca_btl_base_receive_descriptor_t des_ = {.endpoint = (peer),                                  \
                                                        .des_segments = (message_segments),                  \
                                                        .des_segment_count = (count),                        \
                                                        .tag = (message_tag),                                \
                                                        .cbdata = reg_->cbdata};                             \
        if (reg_->cbfunc != NULL)                                                                            \
            reg_->cbfunc((module), &des_);                                                                   \
    } while (0)
#else
#include "opal/mca/pmix/pmix.h"
#define WEISS_MODEX_SCOPE OPAL_PMIX_GLOBAL
#define WEISS_RECEIVE(module, peer, message_tag, message_segments, count)                                    \
    do {                                                                                                     \
        const mca_btl_active_message_callback_t *reg_ = mca_btl_base_active_message_trigger + (message_tag); \
        mca_btl_base_descriptor_t des_ = {.des_segments = (message_segments), .des_segment_count = (count)}; \
        (void)(peer);                                                                                        \
        if (reg_->cbfunc != NULL)                                                                            \
            reg_->cbfunc((module), (message_tag), &des_, reg_->cbdata);                                      \
    } while (0)
#endif

#endif
