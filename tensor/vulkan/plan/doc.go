// Package plan divides the operations of the profile tensor/1 into dispatches of the kernels of
// tensor/vulkan/kernel. It depends on shapes and limits alone, not on a device.
package plan
