// Package forecast estimates what a node will earn in the next week, from the hours that it has seen: what the
// chain has paid in its hardware class, which part of the class's weight was its own, how long it could work, and what
// it has earned.
//
// The middle of a forecast is the recent pay of the class, times the node's present share of the weight, times the time
// that it works, times how much of that it has turned into earnings so far. The interval comes from the errors that the
// same computation would have made on each earlier day: the errors of the middle are put in order, and those that leave a
// tenth on either side bound the interval. While there are few of them, they are mixed with the errors of an
// ordinary market. There are no hidden parameters to train, and each forecast is kept and compared with what was earned.
package forecast
