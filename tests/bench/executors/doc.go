// Package executors measures what executes jobs: language models compared with llama.cpp, what traces and
// guards cost, the time to load a model, and what a worker process adds to a job.
//
// Models have the shapes of published ones and random weights, so that each token reads all weights
// from memory. Figures that are compared are measured in turn in one run.
package executors
