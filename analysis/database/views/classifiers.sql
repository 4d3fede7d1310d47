-- The trials that train a network, of `trials`: the others have no epochs to train.
create view classifiers as
select * exclude (theory_settings) from trials where max_epochs is not null;
