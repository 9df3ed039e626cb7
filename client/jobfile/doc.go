// Package jobfile reads the YAML files in which people describe jobs. It is strict: a field that
// is unknown, and a number that programs read differently, are refused with their line.
package jobfile
