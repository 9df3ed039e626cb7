// Package bench measures the cost of a verified task relative to a plain bank send, in one
// process and one database on disk: the real app, signed transactions, fees, FinalizeBlock
// and Commit. Absolute figures vary with the machine, so blocks of sends and steps of tasks
// alternate, and the report gives their ratios.
package bench
