/*
 * The arithmetic of nets, compiled ahead of time to WebAssembly by `make kernels`.
 *
 * Images lie channels-last, (rows, columns, channels), one after the other, each with room around it for what a
 * padding adds. So the patch that a kernel looks at is a few stretches of memory, one for each of its rows, and a
 * dense layer, a convolution, and each phase of a transposed convolution are one thing: a product of patches and
 * weights, of which many images only make the patches more. Nothing is copied to bring a patch together.
 *
 * There is no state, no library and no allocation here. `net-plan.js` says what is done, `net.js` lays out the
 * memory and describes each step in a struct of 32-bit fields, in the order below. Vectors are those of the
 * compiler, so that one source gives three builds: with SIMD and fused multiply-adds (relaxed SIMD), with SIMD,
 * and with neither.
 */

typedef float f4 __attribute__((vector_size(16), aligned(4)));
typedef int i4 __attribute__((vector_size(16), aligned(4)));

#define EXPORT(name) __attribute__((export_name(#name))) void name
#define INLINE static inline __attribute__((always_inline))

/*
 * GROUP patches by PANEL channels are summed together, in registers. With SIMD these are eight sums of four, enough
 * to hide how long an addition takes; without, eight plain ones, all that a processor has room for. LANES weights
 * stand together where a channel is summed alone.
 */
#ifdef __wasm_simd128__
enum { LANES = 4, PANEL = 8, GROUP = 4 };
#else
enum { LANES = 4, PANEL = 4, GROUP = 2 };
#endif
enum { VECTORS = PANEL / LANES };

INLINE f4 splat(float x) { return (f4){x, x, x, x}; }
INLINE f4 load(const float *at) { return *(const f4 *)at; }
INLINE void store(float *at, f4 x) { *(f4 *)at = x; }
INLINE f4 choose(i4 mask, f4 yes, f4 no) { return (f4)((mask & (i4)yes) | (~mask & (i4)no)); }

INLINE f4 madd(f4 a, f4 b, f4 sum) {
#ifdef __wasm_relaxed_simd__
  return __builtin_wasm_relaxed_madd_f32x4(a, b, sum);
#else
  return sum + a * b;
#endif
}

/* x where it is positive, else slope * x: 1 for no activation, 0 for a ReLU, 0.1 for a leaky one. */
INLINE f4 bend(f4 x, f4 slope) {
  f4 positive = (f4)((x > splat(0)) & (i4)x);
  return positive + slope * (x - positive);
}

/* How many channels stand together in the weights of `product`. */
__attribute__((export_name("panel"))) int panel(void) { return PANEL; }

/* ---- Products: dense layers, convolutions, phases of transposed convolutions ---- */

typedef struct {
  const float *in, *weight, *bias;
  float *out;
  int rows, columns;                  /* how many patches an image has */
  int in_image, in_row, in_column;    /* numbers between neighbouring patches: of images, of rows, in a row */
  int out_image, out_row, out_column; /* the same for the answers */
  int runs, run, run_step;            /* a patch: `runs` stretches of `run` numbers, `run_step` apart */
  int channels;                       /* of an answer */
  float slope;                        /* of the activation below zero */
} Product;

/* A walk over the patches of all images. */
typedef struct {
  const float *in;
  float *out;
  int column, row;
} Walk;

INLINE void step(Walk *at, const Product *p) {
  at->in += p->in_column;
  at->out += p->out_column;
  if (++at->column < p->columns) return;
  at->column = 0;
  at->in += p->in_row - p->columns * p->in_column;
  at->out += p->out_row - p->columns * p->out_column;
  if (++at->row < p->rows) return;
  at->row = 0;
  at->in += p->in_image - p->rows * p->in_row;
  at->out += p->out_image - p->rows * p->out_row;
}

INLINE void take(Walk *at, const Product *p, int count, const float *in[], float *out[]) {
  for (int i = 0; i < count; i++, step(at, p)) in[i] = at->in, out[i] = at->out;
}

/* GROUP patches by PANEL channels. */
INLINE void several(const Product *p, const float *w, const float *bias, const float *in[], float *out[]) {
  f4 sum[GROUP][VECTORS];
  for (int i = 0; i < GROUP; i++)
    for (int v = 0; v < VECTORS; v++) sum[i][v] = load(bias + v * LANES);
  for (int r = 0, start = 0; r < p->runs; r++, start += p->run_step) {
    const float *a[GROUP];
    for (int i = 0; i < GROUP; i++) a[i] = in[i] + start;
    /* Unrolled, it would take more registers than there are. */
#pragma clang loop unroll(disable)
    for (int k = 0; k < p->run; k++, w += PANEL) {
      f4 weight[VECTORS];
      for (int v = 0; v < VECTORS; v++) weight[v] = load(w + v * LANES);
      for (int i = 0; i < GROUP; i++) {
        f4 x = splat(a[i][k]);
        for (int v = 0; v < VECTORS; v++) sum[i][v] = madd(x, weight[v], sum[i][v]);
      }
    }
  }
  for (int i = 0; i < GROUP; i++)
    for (int v = 0; v < VECTORS; v++) store(out[i] + v * LANES, bend(sum[i][v], splat(p->slope)));
}

/* One patch by PANEL channels: the sums are of every GROUPth number. */
INLINE void single(const Product *p, const float *w, const float *bias, const float *in, float *out) {
  f4 sum[GROUP][VECTORS];
  for (int i = 0; i < GROUP; i++)
    for (int v = 0; v < VECTORS; v++) sum[i][v] = i ? splat(0) : load(bias + v * LANES);
  for (int r = 0; r < p->runs; r++, in += p->run_step) {
    int k = 0;
    for (; k + GROUP <= p->run; k += GROUP, w += GROUP * PANEL)
      for (int i = 0; i < GROUP; i++)
        for (int v = 0; v < VECTORS; v++)
          sum[i][v] = madd(splat(in[k + i]), load(w + i * PANEL + v * LANES), sum[i][v]);
    for (; k < p->run; k++, w += PANEL)
      for (int v = 0; v < VECTORS; v++) sum[0][v] = madd(splat(in[k]), load(w + v * LANES), sum[0][v]);
  }
  for (int v = 0; v < VECTORS; v++) {
    for (int i = 1; i < GROUP; i++) sum[0][v] += sum[i][v];
    store(out + v * LANES, bend(sum[0][v], splat(p->slope)));
  }
}

/* Up to four numbers, zeros behind them: what stands there is not read, it may be no number. */
INLINE f4 load_some(const float *at, int count) {
  return count >= LANES ? load(at) : (f4){at[0], count > 1 ? at[1] : 0, count > 2 ? at[2] : 0, 0};
}

/*
 * Four patches by one channel, for channels that fill no panel: a grey picture has one. The lanes are neighbouring
 * numbers of a patch; each run's weights are filled up to whole lanes.
 */
INLINE f4 narrow(const Product *p, const float *w, float bias, const float *in[LANES]) {
  f4 even[LANES], odd[LANES];
  for (int i = 0; i < LANES; i++) even[i] = odd[i] = splat(0);
  for (int r = 0, start = 0; r < p->runs; r++, start += p->run_step) {
    const float *a[LANES];
    for (int i = 0; i < LANES; i++) a[i] = in[i] + start;
    int k = 0;
    for (; k + 2 * LANES <= p->run; k += 2 * LANES, w += 2 * LANES)
      for (int i = 0; i < LANES; i++) {
        even[i] = madd(load(a[i] + k), load(w), even[i]);
        odd[i] = madd(load(a[i] + k + LANES), load(w + LANES), odd[i]);
      }
    for (; k < p->run; k += LANES, w += LANES)
      for (int i = 0; i < LANES; i++) even[i] = madd(load_some(a[i] + k, p->run - k), load(w), even[i]);
  }
  for (int i = 0; i < LANES; i++) even[i] += odd[i];
  f4 left = __builtin_shufflevector(even[0], even[1], 0, 4, 1, 5) + __builtin_shufflevector(even[0], even[1], 2, 6, 3, 7);
  f4 right = __builtin_shufflevector(even[2], even[3], 0, 4, 1, 5) + __builtin_shufflevector(even[2], even[3], 2, 6, 3, 7);
  f4 sum = __builtin_shufflevector(left, right, 0, 1, 4, 5) + __builtin_shufflevector(left, right, 2, 3, 6, 7);
  return bend(sum + splat(bias), splat(p->slope));
}

EXPORT(product)(const Product *p, int images) {
  const int patches = images * p->rows * p->columns, whole = patches - patches % GROUP;
  const float *in[GROUP], *w = p->weight, *bias = p->bias;
  float *out[GROUP];
  int c = 0;
  for (; c + PANEL <= p->channels; c += PANEL, bias += PANEL, w += p->runs * p->run * PANEL) {
    Walk at = {p->in, p->out + c, 0, 0};
    for (int i = 0; i < whole; i += GROUP) {
      take(&at, p, GROUP, in, out);
      several(p, w, bias, in, out);
    }
    for (int i = whole; i < patches; i++, step(&at, p)) single(p, w, bias, at.in, at.out);
  }
  const int filled = p->runs * ((p->run + LANES - 1) & -LANES);
  for (; c < p->channels; c++, bias++, w += filled) {
    const float *a[LANES];
    float *to[LANES];
    Walk at = {p->in, p->out + c, 0, 0};
    for (int i = 0; i < patches; i += LANES) {
      const int count = patches - i < LANES ? patches - i : LANES;
      for (int k = 0; k < LANES; k++) {
        a[k] = at.in, to[k] = at.out;
        if (k < count) step(&at, p);
      }
      f4 x = narrow(p, w, *bias, a);
      for (int k = 0; k < LANES; k++) if (k < count) *to[k] = x[k];
    }
  }
}

/* ---- What is done to each number of an image, in place ---- */

typedef struct {
  float *at;
  int rows, columns, channels;
  int image, row; /* numbers between two images, and between two rows */
} Image;

typedef struct {
  Image image;
  int kind;
  float a; /* the slope of SLOPE, the alpha of ELU */
} Activation;

typedef struct {
  Image image;
  const float *scale, *shift; /* one of each channel */
} Norm;

typedef struct {
  Image image, other;
} Sum;

enum { SLOPE, TANH, SIGMOID, SILU, GELU, GELU_TANH, ELU };

INLINE float *row_of(const Image *p, int image, int row) { return p->at + image * p->image + row * p->row; }

/*
 * exp(x) as 2^n * (1 + m), with m = exp(r) - 1 in full precision also near zero: x = n log 2 + r. The polynomial is
 * that of expf in the Cephes library.
 */
typedef struct {
  f4 power, less_one;
} Exponential;

INLINE Exponential exponential(f4 x) {
  const f4 least = splat(-87), most = splat(88), round = splat(12582912); /* 1.5 * 2^23: adding it leaves whole numbers */
  x = choose(x < least, least, x);
  x = choose(x > most, most, x);
  f4 rounded = x * splat(1.44269504f) + round;
  f4 n = rounded - round;
  f4 r = (x - n * splat(0.693359375f)) - n * splat(-2.12194440e-4f);
  f4 series = splat(1.9875691500e-4f);
  series = series * r + splat(1.3981999507e-3f);
  series = series * r + splat(8.3334519073e-3f);
  series = series * r + splat(4.1665795894e-2f);
  series = series * r + splat(1.6666665459e-1f);
  series = series * r + splat(5.0000001201e-1f);
  /* The whole number stands in the lowest bits of `rounded`; the shift loses the others. */
  return (Exponential){(f4)(((i4)rounded << 23) + (i4)splat(1)), r * r * series + r};
}

INLINE f4 exp_of(f4 x) {
  Exponential e = exponential(x);
  return e.power * e.less_one + e.power;
}

INLINE f4 exp_less_one(f4 x) {
  Exponential e = exponential(x);
  return e.power * e.less_one + (e.power - splat(1));
}

INLINE f4 sigmoid(f4 x) { return splat(1) / (splat(1) + exp_of(-x)); }

INLINE f4 tanh_of(f4 x) {
  const i4 sign = (i4)x & (i4)splat(-0.f);
  f4 e = exp_less_one((f4)((i4)x | (i4)splat(-0.f)) * splat(2)); /* of -2|x| */
  return (f4)((i4)(-e / (splat(2) + e)) | sign);
}

/* x times the standard normal's distribution function at x, by Abramowitz and Stegun, 7.1.26. */
INLINE f4 gelu(f4 x) {
  f4 z = (f4)((i4)x & ~(i4)splat(-0.f)) * splat(0.70710678f);
  f4 t = splat(1) / (splat(1) + splat(0.3275911f) * z);
  f4 series = splat(1.061405429f);
  series = series * t + splat(-1.453152027f);
  series = series * t + splat(1.421413741f);
  series = series * t + splat(-0.284496736f);
  series = series * t + splat(0.254829592f);
  f4 beyond = splat(0.5f) * series * t * exp_of(-z * z); /* the part of a normal that lies beyond |x| */
  return x * choose(x > splat(0), splat(1) - beyond, beyond);
}

INLINE f4 curve(int kind, f4 x, float a) {
  switch (kind) {
    case TANH: return tanh_of(x);
    case SIGMOID: return sigmoid(x);
    case SILU: return x * sigmoid(x);
    case GELU: return gelu(x);
    case GELU_TANH: return x * sigmoid(x * (splat(1.595769122f) + x * x * splat(0.0713548163f)));
    case ELU: return choose(x > splat(0), x, splat(a) * exp_less_one(x));
    default: return bend(x, splat(a));
  }
}

INLINE void each(const Activation *p, int images, int kind) {
  const int length = p->image.columns * p->image.channels;
  for (int i = 0; i < images; i++)
    for (int y = 0; y < p->image.rows; y++) {
      float *at = row_of(&p->image, i, y);
      int k = 0;
      for (; k + LANES <= length; k += LANES) store(at + k, curve(kind, load(at + k), p->a));
      for (; k < length; k++) at[k] = curve(kind, splat(at[k]), p->a)[0];
    }
}

EXPORT(activate)(const Activation *p, int images) {
  switch (p->kind) {
    case TANH: each(p, images, TANH); break;
    case SIGMOID: each(p, images, SIGMOID); break;
    case SILU: each(p, images, SILU); break;
    case GELU: each(p, images, GELU); break;
    case GELU_TANH: each(p, images, GELU_TANH); break;
    case ELU: each(p, images, ELU); break;
    default: each(p, images, SLOPE);
  }
}

/* A batch norm that could not be folded into the layer before it. */
EXPORT(normalise)(const Norm *p, int images) {
  const int channels = p->image.channels;
  for (int i = 0; i < images; i++)
    for (int y = 0; y < p->image.rows; y++) {
      float *at = row_of(&p->image, i, y);
      for (int x = 0; x < p->image.columns; x++, at += channels) {
        int c = 0;
        for (; c + LANES <= channels; c += LANES)
          store(at + c, load(at + c) * load(p->scale + c) + load(p->shift + c));
        for (; c < channels; c++) at[c] = at[c] * p->scale[c] + p->shift[c];
      }
    }
}

/* Add another image, number by number. */
EXPORT(add)(const Sum *p, int images) {
  const int length = p->image.columns * p->image.channels;
  for (int i = 0; i < images; i++)
    for (int y = 0; y < p->image.rows; y++) {
      float *at = row_of(&p->image, i, y);
      const float *other = row_of(&p->other, i, y);
      int k = 0;
      for (; k + LANES <= length; k += LANES) store(at + k, load(at + k) + load(other + k));
      for (; k < length; k++) at[k] += other[k];
    }
}

/* ---- From one image to another, without weights ---- */

typedef struct {
  const float *in;
  float *out;
  int rows, columns, channels;                     /* of the answer */
  int in_image, in_row, in_column, in_channel;     /* numbers between neighbours */
  int out_image, out_row, out_column, out_channel;
  int row_times, column_times;                     /* how often each row and column is repeated */
} Copy;

EXPORT(copy)(const Copy *p, int images) {
  for (int i = 0; i < images; i++)
    for (int y = 0; y < p->rows; y++) {
      const float *from = p->in + i * p->in_image + y / p->row_times * p->in_row;
      float *to = p->out + i * p->out_image + y * p->out_row;
      for (int x = 0, repeated = 0; x < p->columns; x++, to += p->out_column) {
        if (p->in_channel == 1 && p->out_channel == 1) {
          int c = 0;
          for (; c + LANES <= p->channels; c += LANES) store(to + c, load(from + c));
          for (; c < p->channels; c++) to[c] = from[c];
        } else {
          for (int c = 0; c < p->channels; c++) to[c * p->out_channel] = from[c * p->in_channel];
        }
        if (++repeated == p->column_times) repeated = 0, from += p->in_column;
      }
    }
}

typedef struct {
  const float *in;
  float *out;
  int rows, columns, channels;        /* of the answer */
  int in_image, in_row, in_column;    /* numbers between neighbouring windows */
  int out_image, out_row, out_column;
  int height, width;                  /* of a window */
  int line, pixel;                    /* numbers between the rows and the pixels of a window */
} Pool;

INLINE f4 pooled(const Pool *p, const float *in, int is_max, int whole) {
  f4 value = splat(is_max ? -__builtin_inff() : 0);
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      const float *at = in + y * p->line + x * p->pixel;
      f4 new = whole ? load(at) : splat(*at);
      value = is_max ? choose(value > new, value, new) : value + new;
    }
  return is_max ? value : value * splat(1.f / (p->height * p->width));
}

INLINE void pool(const Pool *p, int images, int is_max) {
  for (int i = 0; i < images; i++)
    for (int y = 0; y < p->rows; y++) {
      const float *in = p->in + i * p->in_image + y * p->in_row;
      float *out = p->out + i * p->out_image + y * p->out_row;
      for (int x = 0; x < p->columns; x++, in += p->in_column, out += p->out_column) {
        int c = 0;
        for (; c + LANES <= p->channels; c += LANES) store(out + c, pooled(p, in + c, is_max, 1));
        for (; c < p->channels; c++) out[c] = pooled(p, in + c, is_max, 0)[0];
      }
    }
}

EXPORT(max_pool)(const Pool *p, int images) { pool(p, images, 1); }
EXPORT(average_pool)(const Pool *p, int images) { pool(p, images, 0); }
