// Package remote drives a device in another process. Neither a crash nor a hang of a driver then
// reaches the process that runs the program.
//
// A Client is the device of the one process. It sends requests to Serve in the other one, which
// checks each of them again before its device sees it. Tensors have numbers that the server gives;
// the records of a submission name tensors by these numbers. Requests that have no answer are not
// waited for: the next answer reports their error.
package remote
