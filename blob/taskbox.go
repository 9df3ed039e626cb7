package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
)

// A job of many tasks has a box for each, below the job's own: results are found by
// task, and no task fills another's box. The token of the job's box opens them all.

const (
	// dropsPath stands before the name of a box.
	dropsPath = "/v1/drops/"
	// taskPart stands between the job's box and the number of a task.
	taskPart = "/tasks/"
)

// taskPlaceholder stands for the number of the task in a sink.
const taskPlaceholder = "{task}"

// TaskBoxesURL is the sink of an array whose results go to boxes below box, one a
// task: nodes put the number of the task in place of "{task}".
func (c *Client) TaskBoxesURL(box string) string { return c.BoxURL(box) + taskPart + taskPlaceholder }

// ForTask returns a client that reads the box of one task of an array: ListDrops,
// GetDrop and FetchDrop look there.
func (c *Client) ForTask(task uint64) *Client {
	other := *c
	other.below = taskPart + strconv.FormatUint(task, 10)
	return &other
}

// within returns the box below a box that a request names, or the box itself.
func within(box string, r *http.Request) (string, error) {
	number := r.PathValue("task")
	if number == "" {
		return box, nil
	}
	task, err := strconv.ParseUint(number, 10, 64)
	if err != nil || strconv.FormatUint(task, 10) != number {
		return "", refusal(codeBadRequest, "expected the number of a task, found %.40q", number)
	}
	sum := sha256.Sum256([]byte(box + taskPart + number))
	return hex.EncodeToString(sum[:]), nil
}

// cutTask parts the box of a sink's path from what follows it: nothing, a task or
// its placeholder.
func cutTask(path string) (box string, ok bool) {
	box, rest, found := strings.Cut(path, taskPart)
	if !found || rest == taskPlaceholder {
		return box, true
	}
	task, err := strconv.ParseUint(rest, 10, 64)
	return box, err == nil && strconv.FormatUint(task, 10) == rest
}
