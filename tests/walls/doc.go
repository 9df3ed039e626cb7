// Package walls holds the houses of the repository apart. It has two checks,
// over sources as they are rather than as anybody describes them: which package
// may import which, and what consensus code may not do.
package walls
