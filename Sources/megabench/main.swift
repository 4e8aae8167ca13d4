import ArgumentParser

Megabench.main()
