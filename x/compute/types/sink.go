package types

import (
	"strconv"
	"strings"
)

// TaskSink returns the address to which the outputs of one task are delivered. It replaces
// "{task}" in the sink of a job by the index of the task, in decimal.
func TaskSink(sink string, task uint64) string {
	return strings.ReplaceAll(sink, "{task}", strconv.FormatUint(task, 10))
}
