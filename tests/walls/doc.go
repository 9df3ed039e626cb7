// Package walls keeps the houses of the repository apart. It has two checks, which read the
// sources themselves: which package may import which, and what consensus code must not do.
package walls
