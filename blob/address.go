package blob

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// The paths of a relay. A job of many tasks has a box for each task, below the job's own
// box: results are found by task, and no task fills another's box. The token of the job's
// box opens them all.
const (
	// BlobsPath stands before the digest of a blob.
	BlobsPath = "/v1/blobs/"
	// ArraysPath stands before the digest of an array file.
	ArraysPath = "/v1/arrays/"
	// DropsPath stands before the name of a box.
	DropsPath = "/v1/drops/"
	// TaskPart stands between the job's box and the number of a task.
	TaskPart = "/tasks/"
	// TaskPlaceholder stands for the number of the task in a sink.
	TaskPlaceholder = "{task}"
)

// WebURL parses an absolute http or https address. The error does not repeat the address,
// which may hold a secret.
func WebURL(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("expected an http or https address, found something that is no URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("expected an http or https address, found scheme %q; upload the content to a relay and name that", u.Scheme)
	}
	if u.Host == "" {
		return nil, errors.New("expected an address with a host, found none")
	}
	return u, nil
}

// Audience returns how uploads that are signed for the relay at an address name it.
func Audience(address string) (string, error) {
	u, err := WebURL(address)
	if err != nil {
		return "", err
	}
	return AudienceOf(u.Scheme, u.Host), nil
}

// AudienceOf returns the audience of a host: in lower case, and with the port unless it is
// the scheme's own.
func AudienceOf(scheme, host string) string {
	host = strings.ToLower(host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":")
}

// BoxPath returns the path of a drop box behind DropsPath, in the address of content in it
// or in a sink: its name, and its task if any. ok is false for other addresses.
func BoxPath(u *url.URL) (path string, ok bool) {
	_, below, found := strings.Cut(u.Path, DropsPath)
	if !found || u.RawQuery != "" {
		return "", false
	}
	// BOX, BOX/DIGEST, BOX/tasks/N or BOX/tasks/N/DIGEST
	parts := strings.Split(strings.TrimRight(below, "/"), "/")
	if _, err := ParseDigest(parts[0]); err != nil {
		return "", false
	}
	switch {
	case len(parts) <= 2:
		return parts[0], true
	case len(parts) <= 4 && "/"+parts[1]+"/" == TaskPart:
		return parts[0] + TaskPart + parts[2], true
	}
	return "", false
}

// CutTask separates the box of a sink's path from what follows it. ok is false unless that
// is nothing, a task or its placeholder.
func CutTask(path string) (box string, ok bool) {
	box, rest, found := strings.Cut(path, TaskPart)
	if !found || rest == TaskPlaceholder {
		return box, true
	}
	_, err := ParseTask(rest)
	return box, err == nil
}

// ParseTask reads the number of a task, which has one spelling.
func ParseTask(text string) (uint64, error) {
	task, err := strconv.ParseUint(text, 10, 64)
	if err != nil || strconv.FormatUint(task, 10) != text {
		return 0, fmt.Errorf("expected the number of a task, found %.40q", text)
	}
	return task, nil
}
