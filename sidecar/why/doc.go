// Package why explains why a node earns what it earns. Diagnose is pure: it finds the causes in
// facts, worst first. A Collector collects the facts from the chain and from this machine. A fact
// that could not be found out is unknown, and Diagnose says so instead of guessing.
package why
