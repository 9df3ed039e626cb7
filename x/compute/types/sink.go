package types

import (
	"strconv"
	"strings"
)

// TaskSink returns where the outputs of one task go: "{task}" in the sink of a job
// is the index of the task, in decimal.
func TaskSink(sink string, task uint64) string {
	return strings.ReplaceAll(sink, "{task}", strconv.FormatUint(task, 10))
}
