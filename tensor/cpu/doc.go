// Package cpu executes the operations of the profile tensor/1 on the cores of a processor. Sums of
// products use AVX2 where the processor has it; everything else is the reference, divided among
// the cores by rows.
package cpu
