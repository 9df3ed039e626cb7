// Package cpu executes the operations of the profile tensor/1 on the cores of a processor. What the
// processor has decides how (Vectors):
//
//   - AVX-512 with VNNI: products of eight bits in tiles, and vectors for most of the other operations of
//     language models.
//   - AVX-VNNI: products of eight bits in smaller tiles.
//   - AVX2: sums of products.
//   - Otherwise plain Go.
//
// Everything else is the reference, divided among the cores by rows. All of them give the same bits.
package cpu
