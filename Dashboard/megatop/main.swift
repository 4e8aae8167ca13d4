import ArgumentParser
import DashboardCommand

Megatop.main()
