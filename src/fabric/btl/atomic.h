/* The atomic operations of the BTL interface on memory of this process or of the region. */
#ifndef WEISS_BTL_ATOMIC_H
#define WEISS_BTL_ATOMIC_H

#include "fabric/btl/btl.h"

/** Does *@p address = *@p address OP @p operand on 8 bytes, or on 4 with MCA_BTL_ATOMIC_FLAG_32BIT, as one step.
 *  @p address is aligned to its size.
 *  @return false when the operation is not supported
 *  @param[out] before  the value before */
bool weiss_atomic_apply(void *address, mca_btl_base_atomic_op_t op, uint64_t operand, int flags,
                        uint64_t *before);
/** Stores @p value when *@p address is @p compare. @return the value before */
uint64_t weiss_atomic_cswap(void *address, uint64_t compare, uint64_t value, int flags);

#endif
