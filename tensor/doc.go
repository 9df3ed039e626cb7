// Package tensor is the profile tensor/1 without its arithmetic: element types, the records of
// operations, their validation, fuel, memory and traces, and the interface of the back ends that
// execute them. It knows neither WebAssembly nor the chain. Package ref executes every
// operation as docs/profiles/tensor-1.md defines it; other back ends have to give the same bits.
package tensor
