// Package backend knows the back ends that execute tensors: the plain reference, the processor, cards of
// CUDA, and devices of Vulkan. It reads which of them an owner wants, lists the devices of a machine, and opens
// one of them.
//
// List, Open and Check call drivers, in the process that calls them. Programs of strangers run on a
// driver in a process of its own: see sidecar/worker.
package backend
