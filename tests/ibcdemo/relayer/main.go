// Command relayer is github.com/cosmos/relayer, which carries packets between the chains of the
// demonstration. It is a module of its own, because it needs older versions of the Cosmos SDK and of
// ibc-go than the chain.
package main

import "github.com/cosmos/relayer/v2/cmd"

func main() { cmd.Execute() }
