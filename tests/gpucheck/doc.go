// Package gpucheck finds out on a machine with a graphics card what no machine without one can show: whether each
// variant of the kernels gives the bits of the reference on the card, and how fast it is. scripts/gpu-check.sh runs
// its parts, each in a process of its own with a limit of time, and puts their results into one report.
package gpucheck
