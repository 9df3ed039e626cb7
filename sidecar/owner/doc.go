// Package owner decides when this machine may work for others: its owner comes first.
//
// The owner writes rules (Settings): hours, a time without keyboard and mouse, programs, loads,
// temperatures, power, the network, the disk. Sensors read what the rules need. A Policy compares
// readings with rules and gives a Decision: work is allowed, paused (no new work is claimed) or
// suspended (the programs that run stand still), with a sentence and a cure for each rule that holds
// the machine back. A Watcher reads the sensors once a second and keeps the last decision for the
// agent.
//
//	sensors ──readings──► policy ──decision──► watcher ──► agent: claims nothing, suspends programs
//	  each with its own       ▲                               status: which rule, why, what to do
//	  time limit              └ holds so far: since when, least pause, margins
//
// A policy is a pure function of readings, the clock and what held the machine back before. It does
// not flap: a limit that was exceeded has to be kept with a margin, and a pause lasts for at least a
// minute.
//
// Graphics cards are read through device.Gauges, which the daemon's watch of the cards implements, because
// a driver is opened once.
//
// A sensor that is missing, fails, hangs or shows an impossible value gives no reading. The rule
// that needs it then does not hold the machine back, and the decision says what is not seen and why.
// With Settings.Strict such a rule holds the machine back.
package owner
