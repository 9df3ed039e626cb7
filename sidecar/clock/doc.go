// Package clock keeps the time of the daemon when the clock of the machine is set, and counts the time in
// which the machine sleeps.
//
// A wrong clock must not make the daemon delete results that are not delivered, begin a new budget, or
// distrust the headers of the chain. As long as proven blocks agree with it, a Clock therefore goes on by
// itself when the clock of the machine is set to another time. It follows the machine again as soon as the
// blocks agree better with the machine.
package clock
