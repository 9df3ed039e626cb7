// Package kernel holds the kernels of tensor/vulkan: sources in GLSL (*.comp, with *.glsl that they
// include) and the SPIR-V that scripts/spirv.sh makes of them. Kernels do not belong to the
// profile tensor/1: they have to give the bits of tensor/ref.
//
// A kernel has up to eight buffers and 32 parameters: 24 of its own, and for each buffer the word
// at which its operand begins. Workgroups have 128 threads. A file with .dot in its name uses
// instructions for sums of products, one with .matrix uses cooperative matrices, and one with .narrow is
// for devices without integers of 64 bits.
package kernel
