// Package rate measures a network of real programs: how many tasks of an array settle in a
// second, how busy workers keep the processors, and where the time of a chunk goes. The chain
// and all edge nodes share the machine.
package rate
