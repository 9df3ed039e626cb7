// Package tampered makes copies of converted models that are not what a job asked for, for nodes that
// cheat in the demo and in measurements.
package tampered
