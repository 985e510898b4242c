/* The few LAPACK routines in use; OpenBLAS has them but Debian's package declares them nowhere. */
#ifndef WEISS_FIELD_DEMAG_LAPACK_H
#define WEISS_FIELD_DEMAG_LAPACK_H

void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work,
             const int *lwork, int *info);
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau,
             double *work, const int *lwork, int *info);
void dsyev_(const char *job, const char *half, const int *n, double *a, const int *lda, double *w,
            double *work, const int *lwork, int *info);
void dpotrf_(const char *half, const int *n, double *a, const int *lda, int *info);
void dpotrs_(const char *half, const int *n, const int *nrhs, const double *a, const int *lda, double *b,
             const int *ldb, int *info);

#endif
