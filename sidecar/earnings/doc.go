// Package earnings computes what a node has earned: per job, per day and per hour of work, less electricity. The
// dashboard and the command line show its figures.
package earnings
