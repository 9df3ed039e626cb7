package coverage

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// floorFile is where the floor is written.
const floorFile = "tests/coverage/floor.txt"

//go:embed floor.txt
var floorText string

// ErrBelow: tests run less than the floor.
var ErrBelow = errors.New("tests run too few statements")

// Floor returns the least share that tests must run, in percent.
func Floor() (float64, error) { return parseFloor(floorText) }

func parseFloor(text string) (float64, error) {
	floor, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || floor < 0 || floor > 100 {
		return 0, fmt.Errorf("%s: expected a number of percent, found %q", floorFile, strings.TrimSpace(text))
	}
	return floor, nil
}

// room is by how many percent points the total may lie above the floor before Check asks to
// raise it: runs of the same tests differ a little.
const room = 1.0

// Check compares a total with the floor. The advice says what to do with a total that is far
// above; an error, which wraps ErrBelow, what to do with one below.
func Check(total Count, floor float64) (advice string, err error) {
	percent := total.Percent()
	switch {
	case percent < floor:
		return "", fmt.Errorf("%w: expected at least %.1f%%, found %.1f%% of %d; write tests for what you have added (make cover shows the lines), and leave %s as it is",
			ErrBelow, floor, percent, total.Statements, floorFile)
	case percent > floor+room:
		return fmt.Sprintf("raise the floor in %s from %.1f to %.1f", floorFile, floor, percent-room/2), nil
	}
	return "", nil
}
