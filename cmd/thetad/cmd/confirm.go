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
	// errDeclined: the person said no.
	errDeclined = errors.New("not sent; nothing was spent")
	// errNobodyAsked: nobody is there to say yes.
	errNobodyAsked = fmt.Errorf("nothing was spent: expected a person at a terminal who agrees, found no terminal on standard input; pass -y (--%s) to spend without being asked", flags.FlagSkipConfirmation)
)

// confirm asks a person at a terminal. Without a terminal and without yes nothing is
// spent: a script says -y, so that one which has lost its terminal does not pay.
func confirm(ctx context.Context, out io.Writer, stdin io.Reader, yes bool, question string) error {
	if yes {
		return nil
	}
	if terminal, ok := stdin.(*os.File); !ok || !isatty.IsTerminal(terminal.Fd()) {
		return errNobodyAsked
	}
	fmt.Fprint(out, question+" [y/N] ")
	answers := make(chan string, 1)
	go func() {
		// What cannot be read is no consent.
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
