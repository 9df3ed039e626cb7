// Package bench measures what a verified task costs beside a plain bank send, in
// one process and one database on disk: the real app, signed transactions, fees,
// FinalizeBlock and Commit. Absolute figures drift with the machine, so blocks of
// sends and steps of tasks alternate, and what is reported are their ratios.
package bench
