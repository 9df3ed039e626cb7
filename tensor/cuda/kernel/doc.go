// Package kernel holds the kernels of tensor/cuda as PTX, which the driver compiles for its card. scripts/ptx.sh
// makes them of the sources of tensor/vulkan/kernel, so that both back ends have one source: translate.sh
// writes a kernel as C++, and files of this folder take the place of those that are different here. Kernels do
// not belong to the profile tensor/1: they have to give the bits of tensor/ref.
//
// A kernel has one parameter, the structure Parameters of device.h. Workgroups have 128 threads. An access
// outside of an operand reads zero or writes nothing. A file with .dot in its name uses dp4a, which cards of
// the compute capability 6.1 and newer have, and one with .mma75 or .mma80 the tensor cores of 7.5 and of 8.0.
package kernel
