#include "fabric/btl/atomic.h"

/** What an operation makes of a value; signed numbers where size matters, as in MPI. */
static bool result_of(mca_btl_base_atomic_op_t op, int64_t value, int64_t operand, int64_t *result)
{
    switch (op) {
    case MCA_BTL_ATOMIC_ADD:
        *result = (int64_t)((uint64_t)value + (uint64_t)operand);
        return true;
    case MCA_BTL_ATOMIC_AND:
        *result = value & operand;
        return true;
    case MCA_BTL_ATOMIC_OR:
        *result = value | operand;
        return true;
    case MCA_BTL_ATOMIC_XOR:
        *result = value ^ operand;
        return true;
    case MCA_BTL_ATOMIC_SWAP:
        *result = operand;
        return true;
    case MCA_BTL_ATOMIC_MIN:
        *result = value < operand ? value : operand;
        return true;
    case MCA_BTL_ATOMIC_MAX:
        *result = value > operand ? value : operand;
        return true;
    default:
        return false;
    }
}

bool weiss_atomic_apply(void *address, mca_btl_base_atomic_op_t op, uint64_t operand, int flags,
                        uint64_t *before)
{
    int64_t result;
    if ((flags & MCA_BTL_ATOMIC_FLAG_FLOAT) != 0)
        return false;
    if ((flags & MCA_BTL_ATOMIC_FLAG_32BIT) != 0) {
        int32_t value = __atomic_load_n((int32_t *)address, __ATOMIC_SEQ_CST);
        do {
            if (!result_of(op, value, (int32_t)operand, &result))
                return false;
        } while (!__atomic_compare_exchange_n((int32_t *)address, &value, (int32_t)result, false,
                                              __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
        *before = (uint32_t)value;
        return true;
    }
    int64_t value = __atomic_load_n((int64_t *)address, __ATOMIC_SEQ_CST);
    do {
        if (!result_of(op, value, (int64_t)operand, &result))
            return false;
    } while (!__atomic_compare_exchange_n((int64_t *)address, &value, result, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
    *before = (uint64_t)value;
    return true;
}

uint64_t weiss_atomic_cswap(void *address, uint64_t compare, uint64_t value, int flags)
{
    if ((flags & MCA_BTL_ATOMIC_FLAG_32BIT) != 0) {
        uint32_t expected = (uint32_t)compare;
        __atomic_compare_exchange_n((uint32_t *)address, &expected, (uint32_t)value, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
        return expected;
    }
    __atomic_compare_exchange_n((uint64_t *)address, &compare, value, false, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return compare;
}
