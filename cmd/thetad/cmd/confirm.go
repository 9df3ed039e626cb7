package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"

	"github.com/cosmos/cosmos-sdk/client/flags"
)

var (
	// errDeclined means that the person declined.
	errDeclined = errors.New("not sent; nothing was spent")
	// errNoTerminal means that there is no terminal on which to ask.
	errNoTerminal = fmt.Errorf("nothing was spent: expected confirmation at a terminal, found no terminal on standard input; pass -y (--%s) to spend without confirmation", flags.FlagSkipConfirmation)
)

// confirm asks a person at a terminal. Without a terminal and without yes, nothing is
// spent. Scripts pass -y; a script that has lost its terminal thus does not pay by
// accident.
func confirm(ctx context.Context, out io.Writer, stdin io.Reader, yes bool, question string) error {
	if yes {
		return nil
	}
	if terminal, ok := stdin.(*os.File); !ok || !isatty.IsTerminal(terminal.Fd()) {
		return errNoTerminal
	}
	fmt.Fprint(out, question+" [y/N] ")
	answers := make(chan string, 1)
	go func() {
		// An answer that cannot be read is not consent.
		answer, _ := bufio.NewReader(stdin).ReadString('\n')
		answers <- strings.ToLower(strings.TrimSpace(answer))
	}()
	select {
	case answer := <-answers:
		if answer == "y" || answer == "yes" {
			return nil
		}
	case <-ctx.Done():
	}
	return errDeclined
}
